"""What a report is made from: the tables, what was asked, and what sections share."""
