public import CDMTPlugin

#if DMT_ISA_V4
  internal import NativeV4
#elseif DMT_ISA_V3
  internal import NativeV3
#else
  internal import NativeV2
#endif

/// The one function that the library exports; its signature is checked against the contract's header.
@c @implementation
public func dmt_plugin_entry() -> UnsafePointer<dmt_plugin>? { NativePlugin.table }
