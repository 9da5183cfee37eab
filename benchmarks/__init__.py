"""What the framework costs: each row measures ours and the bare thing in turns, in one run on one machine."""
