public import CDMTPlugin
public import DMTCore

/// Tables, features and tensors of one request are believed up to this number.
private let maximumCount = 1 << 20

extension ContractArena {
  /// A bind request for tables as the contract writes it.
  public func request(_ request: EmbeddingRequest) -> dmt_embedding_request {
    var result = dmt_embedding_request()
    result.struct_size = SizedStruct.size(of: dmt_embedding_request.self)
    result.dtype = request.dtype.contractType
    result.threads = Int32(clamping: request.threads)
    result.table_count = Int32(clamping: request.tables.count)
    result.feature_count = Int32(clamping: request.features.count)
    result.output_count = Int32(clamping: request.outputCount)
    result.tables = array(
      request.tables.map { dmt_table(rows: Int64($0.rows), dim: Int32(clamping: $0.dim), reserved: 0) })
    result.features = array(
      request.features.map {
        dmt_feature(
          table: Int32(clamping: $0.table), pooling: $0.pooling.rawValue, output: Int32(clamping: $0.output),
          reserved: 0,
          column: Int64($0.column))
      })
    if let optimizer = request.optimizer {
      result.optimizer = text(optimizer.name)
      result.optimizer_attributes = attributes(optimizer.attributes)
    }
    return result
  }

  /// A bind request for dense tensors as the contract writes it.
  public func request(_ request: UpdateRequest) -> dmt_update_request {
    var result = dmt_update_request()
    result.struct_size = SizedStruct.size(of: dmt_update_request.self)
    result.dtype = request.dtype.contractType
    result.threads = Int32(clamping: request.threads)
    result.optimizer = text(request.optimizer.name)
    result.attributes = attributes(request.optimizer.attributes)
    result.tensor_count = Int64(request.sizes.count)
    result.sizes = array(request.sizes.map(Int64.init))
    return result
  }
}

extension EmbeddingRequest {
  /// A copy of a bind request from the other side, every count and index checked.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract.
  public init(copying pointer: UnsafePointer<dmt_embedding_request>?) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the embedding request")
    func check(_ count: Int32, _ isThere: Bool, _ what: String) throws(DMTError) {
      guard count >= 0, count <= maximumCount, isThere || count == 0 else {
        throw DMTError(
          .invalidArgument,
          "an embedding request has \(count) \(what)" + (isThere ? "" : " at NULL")
            + ", expected 0 to \(maximumCount)")
      }
    }
    try check(request.table_count, request.tables != nil, "tables")
    try check(request.feature_count, request.features != nil, "features")
    try check(request.output_count, true, "outputs")
    var tables: [TableShape] = []
    for index in 0..<Int(request.table_count) {
      let table = request.tables[index]
      let (elements, overflow) = Int(max(0, table.rows)).multipliedReportingOverflow(by: Int(max(0, table.dim)))
      guard table.rows >= 0, table.dim >= 1, !overflow, elements <= ContractLimit.shapeElements else {
        throw DMTError(
          .invalidArgument,
          "table \(index) is \(table.rows) x \(table.dim), expected 0 rows or more and 1 column or more")
      }
      tables.append(TableShape(rows: Int(table.rows), dim: Int(table.dim)))
    }
    var features: [EmbeddingFeature] = []
    for index in 0..<Int(request.feature_count) {
      let feature = request.features[index]
      guard feature.table >= 0, feature.table < request.table_count, feature.output >= 0,
        feature.output < request.output_count, feature.column >= 0, feature.column <= Int64(Int32.max),
        let pooling = Pooling(rawValue: feature.pooling)
      else {
        throw DMTError(
          .invalidArgument,
          "feature \(index) has table \(feature.table) of \(request.table_count), output "
            + "\(feature.output) of \(request.output_count), column \(feature.column) and pooling \(feature.pooling)")
      }
      features.append(
        EmbeddingFeature(
          table: Int(feature.table), pooling: pooling, output: Int(feature.output), column: Int(feature.column)))
    }
    let optimizer = try String(copying: request.optimizer, "the optimizer's name")
    self.init(
      dtype: try DType(request.dtype), tables: tables, features: features, outputCount: Int(request.output_count),
      optimizer: optimizer.isEmpty
        ? nil : OptimizerSpec(name: optimizer, attributes: try Attributes(copying: request.optimizer_attributes)),
      threads: Int(max(1, request.threads)))
  }
}

extension UpdateRequest {
  /// A copy of a bind request from the other side, every count checked.
  ///
  /// - Throws: ``DMTError/Code/invalidArgument`` for what breaks the contract.
  public init(copying pointer: UnsafePointer<dmt_update_request>?) throws(DMTError) {
    let request = try SizedStruct.read(pointer, "the update request")
    guard request.tensor_count >= 0, request.tensor_count <= maximumCount,
      request.sizes != nil || request.tensor_count == 0
    else {
      throw DMTError(
        .invalidArgument,
        "an update request has \(request.tensor_count) tensors"
          + (request.sizes == nil ? " at NULL" : "") + ", expected 0 to \(maximumCount)")
    }
    var sizes: [Int] = []
    for index in 0..<Int(request.tensor_count) {
      let size = request.sizes[index]
      guard size >= 0, size <= Int64(ContractLimit.shapeElements) else {
        throw DMTError(.invalidArgument, "tensor \(index) of an update request has \(size) elements")
      }
      sizes.append(Int(size))
    }
    self.init(
      dtype: try DType(request.dtype),
      optimizer: OptimizerSpec(
        name: try String(copying: request.optimizer, "the optimizer's name"),
        attributes: try Attributes(copying: request.attributes)),
      sizes: sizes, threads: Int(max(1, request.threads)))
  }
}
