import Queries

/// Contracts of the beds' streams for a population.
func patientContracts(_ settings: PatientSettings) -> [StreamContract] {
  [
    admissionContract(beds: 0...(2 * Int64(settings.pairs) - 1)),
    vitalContract(beds: 0...(2 * Int64(settings.pairs) - 1)), observationContract(), labContract(),
  ]
}

private func admissionContract(beds: ClosedRange<Int64>) -> StreamContract {
  let schema = PatientSchemas.adt
  let kind = ColumnSource.field("kind")
  let isTransfer = Predicate.equal(.column(0), AdmissionKind.transfer.rawValue)
  return StreamContract(
    stream: "adt", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "isolation is added with a default",
        schema.addingField(#"{"name": "isolation", "type": "boolean", "default": false}"#)),
      SchemaChange(
        .breaking, "bed becomes a string",
        schema.replacingOnce(
          #"{"name": "bed", "type": "int"}"#, #"{"name": "bed", "type": "string"}"#)),
    ],
    rules: [
      ValidityRule(
        .missingField, "prior_bed", [kind, .field("prior_bed")],
        .or([.not(isTransfer), .not(.isNull(.column(1)))])),
      .range("bed", beds), .range("spo2_scale", 1...2),
      ValidityRule(
        .rule, "prior_bed outside TRANSFER", [kind, .field("prior_bed")],
        .or([isTransfer, .isNull(.column(1))])),
    ])
}

private func vitalContract(beds: ClosedRange<Int64>) -> StreamContract {
  let schema = PatientSchemas.vitals
  let status = ColumnSource.field("status")
  let value = ColumnSource.field("value_milli")
  return StreamContract(
    stream: "vitals", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "averaging_s is added with a default",
        schema.addingField(#"{"name": "averaging_s", "type": ["null", "int"], "default": null}"#)),
      SchemaChange(
        .breaking, "value_milli is dropped and value is added without a default",
        schema.replacingOnce(
          #"{"name": "value_milli", "type": ["null", "int"]}"#,
          #"{"name": "value", "type": "double"}"#)),
    ],
    rules: [
      ValidityRule(
        .missingField, "value", [status, value],
        .or([.equal(.column(0), 1), .not(.isNull(.column(1)))])),
      .range("bed", beds),
      byCode(
        "value range",
        [
          (VitalCode.heartRate.rawValue, 0...300_000),
          (VitalCode.respiration.rawValue, 0...120_000),
          (VitalCode.saturation.rawValue, 0...100_000),
          (VitalCode.systolic.rawValue, 20_000...300_000),
        ]),
      ValidityRule(
        .rule, "value with status X", [status, value],
        .or([.equal(.column(0), 0), .isNull(.column(1))])),
      .atMost(.rule, "age", "sent_at", "taken_at", 86_400_000),
      .atMost(.rule, "clock", "taken_at", "sent_at", 86_400_000),
    ])
}

private func observationContract() -> StreamContract {
  let schema = PatientSchemas.observations
  return StreamContract(
    stream: "observations", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "device is added with a default",
        schema.addingField(#"{"name": "device", "type": ["null", "string"], "default": null}"#)),
      SchemaChange(
        .backwardOnly, "the symbol PAIN is added to code",
        schema.replacingOnce(#""SBP", "HEARTBEAT""#, #""SBP", "HEARTBEAT", "PAIN""#)),
      SchemaChange(
        .breaking, "taken_at becomes a string",
        schema.replacingOnce(
          #"{"name": "taken_at", "type": {"type": "long", "logicalType": "timestamp-millis"}}"#,
          #"{"name": "taken_at", "type": "string"}"#)),
    ],
    rules: [
      byCode(
        "value range",
        [
          (ObservationCode.temperature.rawValue, 25_000...45_000),
          (ObservationCode.consciousness.rawValue, 0...4_000),
          (ObservationCode.oxygen.rawValue, 0...100_000),
          (ObservationCode.systolic.rawValue, 20_000...300_000),
        ]),
      ValidityRule(
        .outOfRange, "consciousness", [.field("code"), .field("value_milli")],
        .or([
          .not(.equal(.column(0), ObservationCode.consciousness.rawValue)),
          .equal(.modulo(.column(1), .constant(1_000)), 0),
        ])),
      .atMost(.rule, "entered late", "entered_at", "taken_at", 86_400_000),
      .atMost(.rule, "entered early", "taken_at", "entered_at", 0),
    ])
}

/// The range of `value_milli` that goes with a code.
private func byCode(
  _ name: String, _ ranges: [(code: Int64, range: ClosedRange<Int64>)]
) -> ValidityRule {
  ValidityRule(
    .outOfRange, name, [.field("code"), .field("value_milli")],
    .and(
      ranges.map { code, range in
        .or([
          .not(.equal(.column(0), code)), .isNull(.column(1)),
          .and([
            .atLeast(.column(1), range.lowerBound), .atMost(.column(1), range.upperBound),
          ]),
        ])
      }))
}
