import Queries

/// Contracts of an arena's streams for its modes.
func leaderboardContracts(_ modes: [ArenaMode]) -> [StreamContract] {
  let scores = LeaderboardSchemas.scores.schema
  let matches = LeaderboardSchemas.matches.schema
  return [
    StreamContract(
      stream: "scores", schema: scores,
      changes: [
        SchemaChange(
          .compatible, "clan_id is added with a default",
          scores.addingField(#"{"name": "clan_id", "type": ["null", "int"], "default": null}"#)),
        SchemaChange(
          .breaking, "delta_points becomes a double and case_id a long that must be there",
          scores.replacingOnce(
            #"{"name": "delta_points", "type": "int"}"#,
            #"{"name": "delta_points", "type": "double"}"#
          ).replacingOnce(
            #"{"name": "case_id", "type": ["null", "long"], "default": null}"#,
            #"{"name": "case_id", "type": "long"}"#)),
      ],
      rules: scoreRules(modes)),
    StreamContract(
      stream: "matches", schema: matches,
      changes: [
        SchemaChange(
          .compatible, "map is added with a default",
          matches.addingField(#"{"name": "map", "type": "string", "default": ""}"#)),
        SchemaChange(
          .forwardOnly, "termination loses ABANDONED",
          matches.replacingOnce(#""TIME_FORFEIT", "ABANDONED""#, #""TIME_FORFEIT""#)),
      ],
      rules: [
        .range("players", 2...2),
        .atMost(.rule, "started_at after ended_at", "started_at", "ended_at", 0),
      ]),
  ]
}

private func scoreRules(_ modes: [ArenaMode]) -> [ValidityRule] {
  let isResult = Predicate.equal(.column(1), Int64(ScoreAction.result.rawValue))
  let isFirst = Predicate.equal(.column(0), 0)
  return [
    .range("delta_points", -2...2), .range("delta_games", -1...1), .range("rating", 100...4_000),
    ValidityRule(
      .reference, "player of the mode", [.field("mode"), .field("player_id")],
      .or(
        modes.map { mode in
          .and([
            .equal(.column(0), Int64(mode.number)), .atLeast(.column(1), Int64(mode.firstPlayer)),
            .atMost(.column(1), Int64(mode.firstPlayer + mode.players - 1)),
          ])
        })),
    ValidityRule(
      .rule, "RESULT exactly in revision 0", [.field("revision"), .field("action")],
      .or([.and([isFirst, isResult]), .and([.not(isFirst), .not(isResult)])])),
    ValidityRule(
      .rule, "case_id exactly beyond revision 0", [.field("revision"), .field("case_id")],
      .or([
        .and([isFirst, .isNull(.column(1))]), .and([.not(isFirst), .not(.isNull(.column(1)))]),
      ])),
    .atMost(.rule, "ended_at after decided_at", "ended_at", "decided_at", 0),
  ]
}
