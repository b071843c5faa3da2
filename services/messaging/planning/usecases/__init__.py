"""What planning does: plan an intent, decide about it, check it again, introduce, request."""
