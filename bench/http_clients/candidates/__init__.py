"""One module for each candidate. Each has ``DISTRIBUTIONS``, the packages whose versions matter, and ``open_client``.

A module whose library is not installed fails to import; that is how it is found out and reported.
"""
