"""What leaves the house: files, mail, pings."""
