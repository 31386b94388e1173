"""The query API over HTTP, one module a subject: which parameters there are, and which question answers them."""
