"""What was measured, as a document, as charts and as a page."""
