"""The dispatcher's decisions: matching, signing, classification, retry policy and the records they lead to."""
