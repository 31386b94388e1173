"""What rows look like over HTTP, one module a subject: a model that documents each answer, and the function that
builds it. Answers are built as plain documents, because JSON that is stored is passed on as it is; a test holds every
answer to its model."""
