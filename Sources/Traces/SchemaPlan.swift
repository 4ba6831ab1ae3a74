/// The columns of a schema; nil when it does not fall into columns.
func columnPlan(of json: String) -> ColumnPlan? { nil }
