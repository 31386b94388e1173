"""Judgements about rendered manifests: documents in, sentences out."""
