"""What a family of models takes and yields: energy and carbon of a request, margins of plans."""
