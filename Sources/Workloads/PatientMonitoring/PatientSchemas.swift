/// Avro schemas of the streams, version 1.
enum PatientSchemas {
  static let adt = """
    {"type": "record", "name": "Admission", "namespace": "weir.healthcare.monitoring", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "stay_id", "type": "long"},
      {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["ADMIT", "TRANSFER",
        "DISCHARGE", "CANCEL_DISCHARGE", "UPDATE", "HEARTBEAT"]}},
      {"name": "event_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "ward", "type": "string"},
      {"name": "bed", "type": "int"},
      {"name": "prior_bed", "type": ["null", "int"], "default": null},
      {"name": "spo2_scale", "type": "int"}
    ]}
    """

  static let vitals = """
    {"type": "record", "name": "Vital", "namespace": "weir.healthcare.monitoring", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "bed", "type": "int"},
      {"name": "device_id", "type": "string"},
      {"name": "code", "type": {"type": "enum", "name": "VitalCode",
        "symbols": ["HR", "RR", "SPO2", "SBP", "HEARTBEAT"]}},
      {"name": "value_milli", "type": ["null", "int"]},
      {"name": "status", "type": {"type": "enum", "name": "VitalStatus", "symbols": ["F", "X"]}},
      {"name": "taken_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "sent_at", "type": {"type": "long", "logicalType": "timestamp-millis"}}
    ]}
    """

  static let observations = """
    {"type": "record", "name": "Observation", "namespace": "weir.healthcare.monitoring", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "obs_id", "type": "long"},
      {"name": "stay_id", "type": "long"},
      {"name": "code", "type": {"type": "enum", "name": "ObservationCode",
        "symbols": ["TEMP", "ACVPU", "O2", "SBP", "HEARTBEAT"]}},
      {"name": "value_milli", "type": "int"},
      {"name": "status", "type": {"type": "enum", "name": "ObservationStatus",
        "symbols": ["F", "C", "W"]}},
      {"name": "taken_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "entered_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "role", "type": ["null", "string"], "default": null}
    ]}
    """

  static let labs = """
    {"type": "record", "name": "LabResult", "namespace": "weir.healthcare.monitoring", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "result_id", "type": "long"},
      {"name": "version", "type": "int"},
      {"name": "stay_id", "type": "long"},
      {"name": "section", "type": {"type": "enum", "name": "Section",
        "symbols": ["CHEM", "HAEM", "GAS", "POC"]}},
      {"name": "test", "type": "string"},
      {"name": "value_milli", "type": ["null", "long"], "default": null},
      {"name": "unit", "type": "string"},
      {"name": "status", "type": {"type": "enum", "name": "LabStatus",
        "symbols": ["F", "C", "X", "HEARTBEAT"]}},
      {"name": "collected_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "released_at", "type": {"type": "long", "logicalType": "timestamp-millis"}}
    ]}
    """
}
