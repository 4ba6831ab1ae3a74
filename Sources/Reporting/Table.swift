/// A table in its own scroll box, with a name, head cells and a caption that may be hidden.
struct Table {
  struct Column {
    var title: Markup
    var isNumber: Bool
    /// Keeps a readable width where the table scrolls.
    var isText: Bool

    static func words(_ title: Markup) -> Column {
      .init(title: title, isNumber: false, isText: false)
    }
    static func text(_ title: Markup) -> Column {
      .init(title: title, isNumber: false, isText: true)
    }
    static func number(_ title: Markup) -> Column {
      .init(title: title, isNumber: true, isText: false)
    }
  }

  struct Row {
    var cells: [Markup]
    /// Class names of the row: `bad`, `sum`.
    var kind: Markup = ""
  }

  var name: String
  var caption: Markup = ""
  var columns: [Column]
  /// Few short columns: the table does not spread over the page, so that the eye keeps its row.
  var isNarrow = false
  var rows: [Row]

  var markup: Markup {
    let shown: Markup =
      caption.isEmpty
      ? "<caption class=\"vh\">\(name)</caption>" : "<caption><span>\(caption)</span></caption>"
    var head = Markup()
    for column in columns {
      let kind: Markup = column.isNumber ? " class=\"r\"" : ""
      head +=
        column.title.isEmpty ? "<td></td>" : "<th scope=\"col\"\(kind)>\(column.title)</th>"
    }
    let narrow: Markup = isNarrow ? " narrow" : ""
    var body = Markup()
    for row in rows {
      let kind: Markup = row.kind.isEmpty ? "" : " class=\"\(row.kind)\""
      body += "<tr\(kind)>"
      for (index, cell) in row.cells.enumerated() {
        let column = columns[index]
        let style: Markup =
          column.isNumber ? " class=\"r\"" : column.isText ? " class=\"tx\"" : ""
        body += index == 0 ? "<th scope=\"row\"\(style)>\(cell)</th>" : "<td\(style)>\(cell)</td>"
      }
      body += "</tr>\n"
    }
    return """
      <div class="scroll\(narrow)" tabindex="0" role="region" aria-label="\(name)"><table>\(shown)\
      <thead><tr>\(head)</tr></thead><tbody>
      \(body)</tbody></table></div>

      """
  }
}

/// A status as sign and word, in the colour of the status.
func status(_ sign: Findings.Sign, _ word: String) -> Markup {
  switch sign {
  case .good: "<span class=\"st pass\">\u{2713} \(word)</span>"
  case .bad: "<span class=\"st fail\">\u{2717} \(word)</span>"
  case .open: "<span class=\"st unk\">? \(word)</span>"
  case .none: "<span class=\"st\">\u{2013} \(word)</span>"
  }
}

/// A section: rail with heading and lead, and the evidence beside it.
func section(_ id: String, _ title: String, _ lead: Markup, _ body: Markup) -> Markup {
  """
  <section id="\(id)" aria-labelledby="\(id)-h"><header><h2 id="\(id)-h">\(title)</h2>\(lead)\
  </header><div>
  \(body)</div></section>

  """
}
