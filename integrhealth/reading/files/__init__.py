"""The bytes of log files: plain, packed or damaged, in whole lines, and JSON lines as typed frames."""
