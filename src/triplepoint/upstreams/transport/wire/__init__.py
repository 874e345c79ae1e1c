"""HTTP/1.1 as bytes, without I/O: what we write (`request`) and what we read (`reader`)."""
