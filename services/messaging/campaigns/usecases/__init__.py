"""What campaigns do: make one, count, approve, pause, resume and cancel it, and give its audience their turns."""
