"""What the charts of several questions share: the theme, tables, and the layout of graphs."""
