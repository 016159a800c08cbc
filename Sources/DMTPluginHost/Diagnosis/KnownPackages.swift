/// Packages of Debian by the libraries that they bring: those that plugins of this project and their like need.
enum KnownPackages {
  /// Beginnings of libraries' names, and the package; the first that fits counts.
  private static let packages = [
    ("libopenblas.so", "libopenblas0"), ("libopenblas", "libopenblas0"), ("libdnnl.so", "libdnnl2"),
    ("libmpi.so.40", "libopenmpi3"), ("libmpi.so.12", "libmpich12"), ("libmpi", "libopenmpi3"),
    ("libopen-", "libopenmpi3"), ("libgomp.so", "libgomp1"), ("libomp.so", "libomp5"), ("libstdc++.so", "libstdc++6"),
    ("libgcc_s.so", "libgcc-s1"), ("libgfortran.so", "libgfortran5"), ("libquadmath.so", "libquadmath0"),
    ("libblas.so", "libblas3"), ("liblapack.so", "liblapack3"), ("libmkl_", "intel-mkl"), ("libtbb.so", "libtbb12"),
    ("libnuma.so", "libnuma1"), ("libz.so", "zlib1g"), ("libzstd.so", "libzstd1"), ("liblzma.so", "liblzma5"),
    ("libcurl.so", "libcurl4"), ("libssl.so.3", "libssl3"), ("libcrypto.so.3", "libssl3"), ("libxml2.so", "libxml2"),
    ("libprotobuf.so.32", "libprotobuf32"), ("libblis.so", "libblis4"),
  ]

  /// The package that brings a library; nil: not in this table.
  static func package(for library: String) -> String? {
    packages.first { library.hasPrefix($0.0) }?.1
  }

  /// A library of the Swift runtime, which no package of Debian brings.
  static func isSwiftRuntime(_ library: String) -> Bool {
    ["libswift", "libFoundation", "lib_Foundation", "libdispatch.so", "libBlocksRuntime.so", "lib_Internal"].contains {
      library.hasPrefix($0)
    }
  }

  /// What to do about a library that is not there; nil: not in this table.
  static func remedy(for library: String) -> String? {
    if isSwiftRuntime(library) { return "install the Swift runtime, or link the plugin with -static-stdlib" }
    return package(for: library).map { "apt-get install \($0)" }
  }
}
