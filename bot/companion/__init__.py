"""What carries a conversation: its sentences, its skills, its knowledge. Pure, from files that people can read."""
