import Queries

/// The contract of the laboratory's results. That a test is one of the menus is a rule on its
/// name, by the digest that plans read.
func labContract() -> StreamContract {
  let schema = PatientSchemas.labs
  let status = ColumnSource.field("status")
  let value = ColumnSource.field("value_milli")
  let known = LabSection.all.flatMap { $0.menu.map(\.digest) } + [LabSection.lactate.digest]
  return StreamContract(
    stream: "labs", schema: schema,
    changes: [
      SchemaChange(
        .compatible, "performer is added with a default",
        schema.addingField(#"{"name": "performer", "type": ["null", "string"], "default": null}"#)),
      SchemaChange(
        .forwardOnly, "specimen is added without a default",
        schema.addingField(#"{"name": "specimen", "type": "string"}"#)),
      SchemaChange(
        .breaking, "value_milli becomes a string",
        schema.replacingOnce(
          #"{"name": "value_milli", "type": ["null", "long"], "default": null}"#,
          #"{"name": "value_milli", "type": "string"}"#)),
    ],
    rules: [
      ValidityRule(
        .missingField, "value", [status, value],
        .or([.equal(.column(0), 2), .not(.isNull(.column(1)))])),
      ValidityRule(.outOfRange, "version", [.field("version")], .atLeast(.column(0), 1)),
      ValidityRule(.outOfRange, "value range", [value], .atLeast(.column(0), 0)),
      ValidityRule(.reference, "test", [.textDigest("test")], .among(.column(0), known)),
      ValidityRule(
        .rule, "value with status X", [status, value],
        .or([.not(.equal(.column(0), 2)), .isNull(.column(1))])),
      .atMost(.rule, "released late", "released_at", "collected_at", 60 * 86_400_000),
      .atMost(.rule, "released early", "collected_at", "released_at", 86_400_000),
    ])
}
