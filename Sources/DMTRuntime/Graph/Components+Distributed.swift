public import DMTCore

extension Components {
  /// The interconnect that a manifest or an option calls `name`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` with what brings it.
  public func interconnect(named name: String) throws(DMTError) -> any Interconnect {
    if let found = interconnects[name] { return found }
    // Built only where MPI is: its absence is no mistake in the name.
    let remedy =
      name == "mpi"
      ? "install openmpi-bin and libopenmpi-dev (make setup), then make; `dmt plugin list --why` says why a plugin that "
        + "is there was not taken"
      : Spelling.suggestion(for: name, in: interconnects.keys)
    throw DMTError(.notFound, "there is no interconnect '\(name)' here", remedy: remedy)
  }

  /// The sharding strategy that a manifest or an option calls `name`.
  ///
  /// - Throws: ``DMTError/Code/notFound`` with the nearest name.
  public func strategy(named name: String) throws(DMTError) -> any ShardingStrategy {
    if let found = strategies[name] { return found }
    throw DMTError(
      .notFound, "there is no sharding strategy '\(name)' here",
      remedy: Spelling.suggestion(for: name, in: strategies.keys))
  }
}
