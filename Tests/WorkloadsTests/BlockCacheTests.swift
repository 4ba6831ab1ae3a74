import Model
import Testing
import Workloads

@Suite struct BlockCacheTests {
  private func cache(held: Int) throws -> BlockCache {
    BlockCache(try workload("pass-through", query: "copy").source, held: held)
  }

  @Test func `a block is made once and shared`() throws {
    let cache = try cache(held: 3)
    let first = try #require(cache.get(3, of: 1))
    #expect(cache.get(3, of: 1) === first)
    #expect(cache.get(3, of: 0) !== first)
    #expect(cache.made == 2)
  }

  @Test func `a block that somebody holds is shared however old it is`() throws {
    let cache = try cache(held: 2)
    let first = try #require(cache.get(0, of: 0))
    for index in 1..<20 { _ = cache.get(index, of: 0) }
    #expect(cache.get(0, of: 0) === first)
    #expect(cache.made == 20)
  }

  @Test func `a block that nobody holds is made anew, with the same events`() throws {
    let cache = try cache(held: 2)
    let before = events(try #require(cache.get(0, of: 0)))
    for index in 1..<20 { _ = cache.get(index, of: 0) }
    #expect(events(try #require(cache.get(0, of: 0))) == before)
    #expect(cache.made == 21)
  }

  @Test func `a sequence is found in its block`() throws {
    let cache = try cache(held: 2)
    let block = try #require(cache.get(5, of: 1))
    let found = try #require(cache.find(block.baseSequence, of: 1))
    #expect(found.block === block)
    #expect(found.index == 0)
  }
}
