public import DMTCore

/// The modules that every build knows without a plugin.
public enum PlainModules {
  /// `mlp`, `cross_net`, and the over-archs `dlrm`, `dcn`, `deepfm`.
  public static let modules: [any Module] = [MLP(), CrossNet(), DLRM(), DCN(), DeepFM()]
}
