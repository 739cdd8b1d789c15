"""What can be learnt from an inventory and a report. Pure: resources and reports in, advice as data out."""
