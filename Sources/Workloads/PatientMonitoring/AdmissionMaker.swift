import Draws

/// A patient comes, moves or leaves. Times are milliseconds since 1970.
struct Admission {
  var stay: Int64
  var kind: AdmissionKind
  var at: Int64
  var sentAt: Int64
  var bed: Int64
  /// Of a transfer alone.
  var priorBed: Int64?
  var scale: Int64
}

/// Symbols of the enum `kind`, in their order.
enum AdmissionKind: Int64 {
  case admit, transfer, discharge, cancelDischarge, update, heartbeat
}

/// The admissions, transfers and discharges of a pair of beds.
struct AdmissionMaker {
  private let tables: PatientTables

  init(_ tables: PatientTables) { self.tables = tables }

  /// Who lies in the beds at the start of a run, as admissions of that moment: without them nobody
  /// who came before would be known.
  func census(_ pair: BedPair, at start: Int64, into made: inout [Admission]) {
    for stay in pair.stays(from: start, to: start + 1) {
      if let wrong = stay.wrongDischarge, let cancelled = stay.cancelled,
        (wrong..<cancelled).contains(start)
      {
        continue
      }
      let stepDown = stay.transferred.map { $0 <= start } ?? false
      made.append(
        Admission(
          stay: stay.id, kind: .admit, at: start, sentAt: start,
          bed: stay.bed(stepDown: stepDown), priorBed: nil, scale: stay.scale(at: start)))
    }
  }

  /// Everything that is sent in [from, to).
  func admissions(_ pair: BedPair, from: Int64, to: Int64, into made: inout [Admission]) {
    for stay in pair.stays(from: from - tables.settings.longestADT - 1, to: to) {
      let draws = tables.admissions.stream(UInt64(stay.id))
      let last = stay.transferred == nil ? stay.bed(stepDown: false) : stay.bed(stepDown: true)
      func add(_ kind: AdmissionKind, _ at: Int64?, _ bed: Int64, prior: Int64? = nil) {
        guard let at else { return }
        let number = UInt64(kind.rawValue) * 2 + (at == stay.discharged ? 1 : 0)
        let sentAt = at + tables.admissionDelays.sample(draws.word(number))
        if sentAt < from || sentAt >= to { return }
        made.append(
          Admission(
            stay: stay.id, kind: kind, at: at, sentAt: sentAt, bed: bed, priorBed: prior,
            scale: stay.scale(at: at)))
      }
      let first = stay.bed(stepDown: false)
      add(.admit, stay.admitted, first)
      add(.update, stay.scaleChanged, first)
      add(.transfer, stay.transferred, stay.bed(stepDown: true), prior: first)
      add(.discharge, stay.wrongDischarge, last)
      add(.cancelDischarge, stay.cancelled, last)
      add(.discharge, stay.discharged, last)
    }
  }
}
