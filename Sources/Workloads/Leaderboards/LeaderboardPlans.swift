import Model
import Queries

/// Records of the two streams, version 1.
enum LeaderboardSchemas {
  private static let mode = """
    {"name": "mode", "type": {"type": "enum", "name": "Mode",
        "symbols": ["ULTRA", "BULLET", "BLITZ", "RAPID", "CLASSICAL", "HEARTBEAT"]}}
    """
  private static let instant = """
    {"type": "long", "logicalType": "timestamp-millis"}
    """

  static let scores = WorkloadStream(
    name: "scores",
    schema: """
      {"type": "record", "name": "Score", "namespace": "weir.gaming.leaderboards", "fields": [
        {"name": "source", "type": "int"},
        {"name": "sequence", "type": "long"},
        {"name": "match_id", "type": "long"},
        {"name": "player_id", "type": "int"},
        \(mode),
        {"name": "revision", "type": "int"},
        {"name": "action", "type": {"type": "enum", "name": "Action",
          "symbols": ["RESULT", "VOID", "AWARD", "RESTORE", "REVOKE", "ANNUL"]}},
        {"name": "delta_points", "type": "int"},
        {"name": "delta_games", "type": "int"},
        {"name": "rating", "type": "int"},
        {"name": "rating_diff", "type": "int"},
        {"name": "ended_at", "type": \(instant)},
        {"name": "decided_at", "type": \(instant)},
        {"name": "case_id", "type": ["null", "long"], "default": null}
      ]}
      """, schemaID: 401)

  static let matches = WorkloadStream(
    name: "matches",
    schema: """
      {"type": "record", "name": "Match", "namespace": "weir.gaming.leaderboards", "fields": [
        {"name": "source", "type": "int"},
        {"name": "sequence", "type": "long"},
        {"name": "match_id", "type": "long"},
        \(mode),
        {"name": "server_id", "type": "int"},
        {"name": "started_at", "type": \(instant)},
        {"name": "ended_at", "type": \(instant)},
        {"name": "players", "type": "int"},
        {"name": "termination", "type": {"type": "enum", "name": "Termination",
          "symbols": ["NORMAL", "TIME_FORFEIT", "ABANDONED"]}},
        {"name": "tournament_id", "type": ["null", "int"], "default": null}
      ]}
      """, schemaID: 402)
}

/// The boards of every hour and mode, corrected for as long as decisions count.
func boardPlan(_ settings: LeaderboardSettings) -> Plan {
  let age = Expression.subtract(
    .column(ScoreColumn.decidedAt), .column(ScoreColumn.endedAt))
  return Plan(
    name: "board",
    inputs: [
      PlanInput(
        stream: LeaderboardSchemas.scores.name, columns: ScoreColumn.sources,
        eventTime: "ended_at",
        isMarker: .equal(.column(ScoreColumn.mode), Int64(heartbeatMode)))
    ],
    watermarkDelay: 10 * .second, allowedLateness: settings.lateness, emission: .corrections,
    operators: [
      .input(0),
      .filter(0, .atMost(age, settings.claim / .millisecond)),
      .deduplicate(
        1, by: [ScoreColumn.match, ScoreColumn.player, ScoreColumn.revision],
        horizon: settings.lateness),
      // Columns: mode, player, hour, points, games.
      .tumbling(
        2, key: [ScoreColumn.mode, ScoreColumn.player], size: settings.window, offset: 0,
        [.sum(ScoreColumn.points), .sum(ScoreColumn.games)]),
      .filter(3, .and([.atLeast(.column(3), 1), .atLeast(.column(4), 1)])),
      .topN(
        4, group: [0, 2],
        order: [SortColumn(3, descending: true), SortColumn(4), SortColumn(1)],
        count: settings.top),
    ],
    keyColumns: [0, 2, 5], valueColumns: [1, 3, 4],
    labels: [
      ResultLabel("mode", .names(["ULTRA", "BULLET", "BLITZ", "RAPID", "CLASSICAL"])),
      ResultLabel("hour", .time), ResultLabel("rank"), ResultLabel("player"),
      ResultLabel("points"), ResultLabel("games"),
    ])
}
