"""The rules before an aks-engine run, each answered with its evidence; pure functions of what was read."""
