internal import DMTBridge
internal import DMTCore

extension SizedStruct {
  /// Hands an object over to the host, whose plan holds it as its handle: writes the plan, and lets go of the object where that
  /// cannot be done.
  static func handOver<Plan: GrowingStruct>(
    _ object: AnyObject, as plan: Plan, _ handle: WritableKeyPath<Plan, UnsafeMutableRawPointer?>,
    to answer: UnsafeMutablePointer<Plan>?
  ) throws(DMTError) {
    let reference = Unmanaged.passRetained(object)
    var plan = plan
    plan[keyPath: handle] = reference.toOpaque()
    do throws(DMTError) {
      try write(plan, to: answer, "the place for the plan")
    } catch {
      reference.release()
      throw error
    }
  }
}
