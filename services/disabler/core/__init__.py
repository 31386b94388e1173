"""Pure decisions of the disabler."""
