"""What the regional office pulls: facts and scores as endless feeds in commit order, and a run as a file."""
