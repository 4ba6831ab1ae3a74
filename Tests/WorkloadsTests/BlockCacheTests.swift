import Model
import Testing
import Workloads

@Suite struct BlockCacheTests {
  private func cache(limit: Int = 8) throws -> BlockCache {
    BlockCache(try workload("pass-through", query: "copy").source, limit: limit)
  }

  @Test func `a block is made once and shared`() throws {
    let cache = try cache()
    let first = try #require(cache.get(3, of: 1))
    #expect(cache.get(3, of: 1) === first)
    #expect(cache.get(3, of: 0) !== first)
    #expect(cache.kept == 2)
  }

  @Test func `released blocks are made anew and not kept`() throws {
    let cache = try cache()
    let first = try #require(cache.get(2, of: 0))
    let second = try #require(cache.get(3, of: 0))
    cache.release(below: 3, of: 0)
    #expect(cache.kept == 1)
    #expect(cache.get(3, of: 0) === second)
    let again = try #require(cache.get(2, of: 0))
    #expect(again !== first)
    #expect(events(again) == events(first))
    #expect(cache.kept == 1)
    cache.release(below: 1, of: 0)
    #expect(cache.get(3, of: 0) === second)
  }

  @Test func `what lies far ahead is not kept`() throws {
    let cache = try cache(limit: 4)
    for index in 0..<20 { _ = cache.get(index, of: 0) }
    #expect(cache.kept == 4)
    cache.release(below: 100, of: 0)
    #expect(cache.kept == 0)
    _ = cache.get(101, of: 0)
    #expect(cache.kept == 1)
  }

  @Test func `an event is found by its sequence`() throws {
    let cache = try cache()
    let block = try #require(cache.get(5, of: 1))
    let found = try #require(cache.find(block.baseSequence + 2, of: 1))
    #expect(found.block === block)
    #expect(found.index == 2)
    #expect(cache.find(block.baseSequence + UInt64(block.count), of: 1) == nil)
  }
}
