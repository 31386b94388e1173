"""What the API asks of the database, one module a subject. Answers are rows as they are stored; what they look like
over HTTP is `presentation`'s affair."""
