import Foundation
import Testing

/// Checks how a failing command ended: its code, where it says the mistake is, what it found and expected, and that it
/// says what to do.
func expectFailure(
  _ result: Command.Result, status: Int32, place: String, says parts: [String], hasFix: Bool = true,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.status == status, "\(result)", sourceLocation: sourceLocation)
  #expect(result.errors.contains(place + ": error: "), "\(place) in \(result)", sourceLocation: sourceLocation)
  for part in parts {
    #expect(result.errors.contains(part), "\(part) in \(result)", sourceLocation: sourceLocation)
  }
  if hasFix { #expect(result.errors.contains("\n  fix: "), "\(result)", sourceLocation: sourceLocation) }
  #expect(result.output.isEmpty, "\(result)", sourceLocation: sourceLocation)
}
