import Bytes
import Engines
import Model
import Queries
import Testing

/// The plan of a leaderboard, whose rows change long after their hour is over.
@Suite struct BoardTests {
  @Test(arguments: [1, 2])
  func `a board that is out is corrected, rank by rank`(tasks: Int) throws {
    // Columns: match, player, mode, revision, points, games.
    let board = try bench(
      streams: 1, columns: 6,
      [
        .filter(0, .atMost(.column(5), 1)),
        .deduplicate(1, by: [0, 1, 3], horizon: unit(240)),
        .tumbling(2, key: [2, 1], size: unit(10), offset: 0, [.sum(4), .sum(5)]),
        .filter(3, .and([.atLeast(.column(3), 1), .atLeast(.column(4), 1)])),
        .topN(
          4, group: [0, 2],
          order: [SortColumn(3, descending: true), SortColumn(4), SortColumn(1)], count: 2),
      ], key: [0, 2, 5], value: [1, 3, 4], lateness: 240, emission: .corrections, tasks: tasks)
    board.push(Row(3, 1, [100, 1, 0, 0, 2, 1]))
    board.push(Row(3, 2, [100, 2, 0, 0, 0, 1]))
    board.push(Row(6, 3, [101, 1, 0, 0, 1, 1]))
    board.push(Row(6, 4, [101, 2, 0, 0, 1, 1]))
    #expect(board.texts(at: 9) == [])
    #expect(
      board.texts(at: 12).sorted() == ["[0, 0, 1] [1, 3, 2] at 9", "[0, 0, 2] [2, 1, 2] at 9"])
    // The first match is voided.
    board.push(Row(3, 5, [100, 1, 0, 1, -2, -1], source: 1))
    board.push(Row(3, 6, [100, 2, 0, 1, 2, 0], source: 1))
    #expect(
      board.texts(at: 50).sorted() == ["[0, 0, 1] [2, 3, 2] at 9", "[0, 0, 2] [1, 1, 1] at 9"])
    board.push(Row(6, 7, [101, 2, 0, 1, -1, -1], source: 1))
    board.push(Row(6, 8, [101, 1, 0, 1, -1, -1], source: 1))
    #expect(
      board.texts(at: 60).sorted() == ["[0, 0, 1] [2, 2, 1] at 9", "[0, 0, 2] gone"])
  }
}
