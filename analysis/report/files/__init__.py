"""What a report writes: tables, images, summary.json, report.md; moved into place together."""
