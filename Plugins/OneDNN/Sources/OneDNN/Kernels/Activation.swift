internal import CDNNL

/// A function of every element, as oneDNN knows it.
enum Activation: String {
  case relu
  case sigmoid
  case tanh
  case gelu

  /// The algorithm of forward.
  var forwardAlgorithm: dnnl_alg_kind_t {
    switch self {
    case .relu: dnnl_eltwise_relu
    case .sigmoid: dnnl_eltwise_logistic
    case .tanh: dnnl_eltwise_tanh
    case .gelu: dnnl_eltwise_gelu_erf
    }
  }

  /// The algorithm of backward; it reads the output, or the input when ``backwardReadsInput``.
  var backwardAlgorithm: dnnl_alg_kind_t {
    switch self {
    case .relu: dnnl_eltwise_relu_use_dst_for_bwd
    case .sigmoid: dnnl_eltwise_logistic_use_dst_for_bwd
    case .tanh: dnnl_eltwise_tanh_use_dst_for_bwd
    case .gelu: dnnl_eltwise_gelu_erf
    }
  }

  /// The derivative cannot be had from the output.
  var backwardReadsInput: Bool { self == .gelu }
}
