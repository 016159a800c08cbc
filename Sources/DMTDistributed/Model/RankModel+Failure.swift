import DMTCore

extension RankModel {
  /// Runs a step of this rank; where it fails, the collectives that the other ranks wait in end at once with the reason.
  func endingOthersOnFailure<Result>(_ step: () throws(DMTError) -> Result) throws(DMTError) -> Result {
    do throws(DMTError) {
      return try step()
    } catch {
      links.connection.abort("rank \(rank) failed: \(error.message)")
      throw error
    }
  }
}
