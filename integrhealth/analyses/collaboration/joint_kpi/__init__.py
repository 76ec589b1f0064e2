"""One number that several departments share, split over them exactly: on-time delivery and the perfect order."""
