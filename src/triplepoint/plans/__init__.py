"""What is sold: plans, what they entitle to, how much of it, and what happens when it is used up."""
