"""The trainers: each runs in slices, writes checkpoints and resumes from them."""
