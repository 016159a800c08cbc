internal import CDMTPlugin
internal import DMTBridge
internal import DMTCore

/// Requests that break the contract: each has to be refused with a message, and none may end the process.
enum BindErrorTests {
  private static let kernels: Set<String> = ["backend", "operator"]

  /// A request made wrong.
  struct Mistake: Sendable {
    var what: String
    var make: @Sendable (inout dmt_kernel_request, ContractArena) -> Void

    init(_ what: String, _ make: @escaping @Sendable (inout dmt_kernel_request, ContractArena) -> Void) {
      self.what = what
      self.make = make
    }
  }

  static let all = [
    ConformanceTest("bind.null", "Requests with NULL where something must be are refused.", .components(kernels)) {
      context in
      let subject = try KernelSubject(context)
      subject.expectRefused("a request at NULL", nil)
      try subject.expectRefused(nulls)
      context.phase("binding with the answer at NULL")
      var request = try subject.request()
      let (status, message) = SubjectPlugin.status {
        subject.kernels.bind(subject.kernels.ctx, &request, nil)
      }
      subject.expectFailure(status, message, "the answer at NULL")
    },
    ConformanceTest("bind.dtype", "Element types that it does not compute in are refused.", .components(kernels)) {
      try KernelSubject($0).expectRefused(dtypes)
    },
    ConformanceTest("bind.rank", "Numbers of extents that cannot be are refused.", .components(kernels)) {
      try KernelSubject($0).expectRefused(ranks)
    },
    ConformanceTest("bind.extents", "Extents that are negative or beyond any memory are refused.", .components(kernels))
    {
      try KernelSubject($0).expectRefused(extents)
    },
    ConformanceTest("bind.counts", "Other numbers of tensors than the operator has are refused.", .components(kernels))
    {
      try KernelSubject($0).expectRefused(counts)
    },
    ConformanceTest("bind.shapes", "Shapes that do not fit each other are refused.", .components(kernels)) {
      try KernelSubject($0).expectRefused(shapes)
    },
    ConformanceTest("bind.size", "A request of another struct_size is read as far as it goes.", .components(kernels)) {
      context in
      let subject = try KernelSubject(context)
      try subject.expectRefused([Mistake("struct_size 0") { request, _ in request.struct_size = 0 }])
      context.phase("binding with a longer struct_size")
      // A host of a later minor: more fields behind those that the plugin knows.
      var request = try subject.request()
      withUnsafeTemporaryAllocation(byteCount: 512, alignment: 16) { longer in
        longer.initializeMemory(as: UInt8.self, repeating: 0xEE)
        request.struct_size = 512
        longer.storeBytes(of: request, as: dmt_kernel_request.self)
        let pointer = longer.baseAddress?.assumingMemoryBound(to: dmt_kernel_request.self)
        let (status, message, handle) = subject.bind(pointer)
        context.expect(status == DMT_OK, "a request with more fields is refused: \(message)")
        if status == DMT_OK { subject.kernels.release?(handle) }
      }
    },
    ConformanceTest(
      "bind.unknown", "Operators and revisions that it does not serve are refused.", .components(["backend"])
    ) {
      try KernelSubject($0).expectRefused([
        Mistake("operator 'com.example.no-such'") { $0.op = $1.text("com.example.no-such") },
        Mistake("an operator without a name") { $0.op = $1.text("") },
        Mistake("revision 1000 of the operator") { request, _ in request.op_revision = 1000 },
        Mistake("revision 0 of the operator") { request, _ in request.op_revision = 0 },
      ])
    },
  ]

  private static let nulls = [
    Mistake("inputs at NULL") { request, _ in request.inputs = nil },
    Mistake("outputs at NULL") { request, _ in request.outputs = nil },
    Mistake("the operator's name at NULL") { request, _ in request.op = dmt_str(data: nil, size: 6) },
    Mistake("attributes at NULL") { request, _ in request.attributes = dmt_attrs(items: nil, count: 2) },
    Mistake("an attribute's name at NULL") { request, arena in
      var attribute = dmt_attr()
      attribute.name = dmt_str(data: nil, size: 4)
      attribute.type = DMT_ATTR_I64
      request.attributes = dmt_attrs(items: arena.array([attribute]), count: 1)
    },
    change("an input's extents at NULL") { tensor, _ in tensor.shape = nil },
  ]

  private static let dtypes = [
    (DMT_DTYPE_INT, 8, 1), (DMT_DTYPE_FLOAT, 16, 1), (DMT_DTYPE_FLOAT, 32, 4), (77, 32, 1), (DMT_DTYPE_FLOAT, 0, 0),
  ].map { code, bits, lanes in
    changeAll("element type (code \(code), \(bits) bits, \(lanes) lanes)") { tensor, _ in
      tensor.dtype = dmt_dtype(code: UInt8(code), bits: UInt8(bits), lanes: UInt16(lanes))
    }
  }

  private static let ranks = [-1, 9, 64, Int32.max].map { rank in
    change("an input of rank \(rank)") { tensor, _ in tensor.ndim = rank }
  }

  private static let extents: [Mistake] = [-1, Int64.min, Int64.max, 1 << 40].map { extent in
    changeAll("tensors with extents of \(extent)") { tensor, arena in
      tensor.shape = arena.array([Int64](repeating: extent, count: Int(tensor.ndim)))
    }
  }

  private static let counts = [
    Mistake("-1 inputs") { request, _ in request.input_count = -1 },
    Mistake("1000 inputs") { request, _ in request.input_count = 1000 },
    Mistake("no inputs") { request, _ in request.input_count = 0 },
    Mistake("no outputs") { request, _ in request.output_count = 0 },
    Mistake("-1 parameters") { request, _ in request.parameter_count = -1 },
    Mistake("a parameter too many") { request, arena in
      var tensors = Array(
        UnsafeBufferPointer(start: request.parameters, count: Int(request.parameter_count)))
      guard let more = tensors.first ?? request.inputs?.pointee else { return }
      tensors.append(more)
      request.parameters = arena.array(tensors)
      request.parameter_count += 1
    },
  ]

  private static let shapes: [Mistake] = [
    Mistake("an output with one more column") { request, arena in
      guard var tensor = request.outputs?.pointee, tensor.ndim > 0 else { return }
      var dims = Array(UnsafeBufferPointer(start: tensor.shape, count: Int(tensor.ndim)))
      dims[dims.count - 1] += 1
      tensor.shape = arena.array(dims)
      request.outputs = arena.array([tensor])
    },
    Mistake("an output of another batch") { request, arena in
      guard var tensor = request.outputs?.pointee, tensor.ndim > 0 else { return }
      var dims = Array(UnsafeBufferPointer(start: tensor.shape, count: Int(tensor.ndim)))
      dims[0] += 3
      tensor.shape = arena.array(dims)
      request.outputs = arena.array([tensor])
    },
    change("an input that is not compact") { tensor, arena in
      tensor.strides = arena.array((0..<Int64(tensor.ndim)).map { 1000 - $0 })
    },
  ]

  /// A mistake in every tensor.
  private static func changeAll(
    _ what: String, _ make: @escaping @Sendable (inout dmt_tensor, ContractArena) -> Void
  ) -> Mistake {
    Mistake(what) { request, arena in
      func changed(_ list: UnsafePointer<dmt_tensor>?, _ count: Int32) -> UnsafePointer<dmt_tensor>? {
        var tensors = Array(UnsafeBufferPointer(start: list, count: Int(count)))
        for index in tensors.indices { make(&tensors[index], arena) }
        return arena.array(tensors)
      }
      request.inputs = changed(request.inputs, request.input_count)
      request.parameters = changed(request.parameters, request.parameter_count)
      request.outputs = changed(request.outputs, request.output_count)
    }
  }

  /// A mistake in the first input.
  private static func change(
    _ what: String, _ make: @escaping @Sendable (inout dmt_tensor, ContractArena) -> Void
  ) -> Mistake {
    Mistake(what) { request, arena in
      var tensors = Array(UnsafeBufferPointer(start: request.inputs, count: Int(request.input_count)))
      guard !tensors.isEmpty else { return }
      make(&tensors[0], arena)
      request.inputs = arena.array(tensors)
    }
  }
}
