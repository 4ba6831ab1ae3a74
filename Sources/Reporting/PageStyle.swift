/// The style sheet of the page. Colours are tokens, so that dark is one block; print stays light.
let pageStyle: Markup = """
  :root{color-scheme:light dark;
  --bg:#fff;--panel:#f5f7f8;--ink:#15191d;--ink2:#4a525a;--ink3:#646c75;--line:#dde2e6;
  --grid:#e9edf0;
  --accent:#0b678a;--soft:#cfe5ee;--band:#7d889524;--bandline:#7d8895;
  --pass:#0a6e51;--pass-bg:#e3f3ec;--fail:#b0370f;--fail-bg:#fcebe4;--unk:#805400;
  --unk-bg:#faf0d8;
  --q1:#bcdbe8;--q2:#93c4da;--q3:#61a6c4;--q4:#2f86ab;--q5:#0b678a;--q6:#043f57;
  --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",
  sans-serif;
  --mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
  @media screen and (prefers-color-scheme:dark){:root{
  --bg:#101418;--panel:#181d22;--ink:#e8ecef;--ink2:#b0b8c0;--ink3:#929ba4;--line:#2b323a;
  --grid:#20262c;
  --accent:#63b9d9;--soft:#173a49;--band:#98a4b026;--bandline:#8a95a1;
  --pass:#58c99f;--pass-bg:#12291f;--fail:#ff9069;--fail-bg:#33190f;--unk:#e6b450;
  --unk-bg:#2c2310;
  --q1:#1d4758;--q2:#23647f;--q3:#2c85a8;--q4:#48a8cc;--q5:#84c8e3;--q6:#cdebf6}}
  *{box-sizing:border-box}
  html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
  @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
  body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.6 var(--sans);
  font-variant-numeric:tabular-nums;font-feature-settings:"tnum" 1}
  .page{max-width:1216px;margin:0 auto;padding:0 40px}
  a{color:var(--accent);text-underline-offset:3px;text-decoration-thickness:1px}
  :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
  code,pre,.mono{font-family:var(--mono);font-size:.867em}
  p{margin:0 0 12px;max-width:72ch}
  h1,h2,h3{line-height:1.25;margin:0;font-weight:600;text-wrap:balance}
  h1{font-size:30px;letter-spacing:-.012em;max-width:27em}
  h2{font-size:18px;letter-spacing:-.005em}
  h3{font-size:15px;margin:36px 0 10px}
  .vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
  white-space:nowrap}
  .skip{position:absolute;left:-999px}.skip:focus{left:16px;top:8px;background:var(--bg);
  padding:4px 8px;z-index:2}
  .top{display:flex;justify-content:space-between;align-items:baseline;gap:8px 24px;
  flex-wrap:wrap;padding:22px 0 0;color:var(--ink2);font-size:13px}
  .mark{display:inline-flex;align-items:center;gap:9px;color:var(--ink);font-weight:600;
  font-size:15px}
  .mark svg{width:24px;height:16px;fill:none;stroke:var(--accent);stroke-width:2;
  stroke-linecap:round;stroke-linejoin:round}
  .verdict{padding:52px 0 40px}
  .badge{display:inline-flex;align-items:center;gap:8px;font-weight:600;font-size:13px;
  letter-spacing:.06em;padding:4px 12px 4px 10px;border-radius:99px;border:1px solid currentColor}
  .badge small{font-size:13px;font-weight:400;letter-spacing:0;
  border-left:1px solid currentColor;padding-left:8px}
  .fail{color:var(--fail)}.pass{color:var(--pass)}.unk{color:var(--unk)}
  .badge.fail{background:var(--fail-bg)}.badge.pass{background:var(--pass-bg)}
  .badge.unk{background:var(--unk-bg)}
  .verdict h1{margin:18px 0 14px}
  .verdict .why{font-size:17px;line-height:1.55;color:var(--ink2);max-width:66ch;margin:0}
  .judged{list-style:none;margin:30px 0 0;padding:0;display:grid;
  grid-template-columns:repeat(3,1fr);gap:0 32px}
  .judged li{border-top:2px solid var(--line);padding:10px 0 0;font-size:14px;line-height:1.5;
  color:var(--ink2)}
  .judged b{display:block;font-weight:600}
  .judged .fail b{color:var(--fail)}.judged .pass b{color:var(--pass)}
  .judged .unk b{color:var(--unk)}
  .judged .fail{border-color:var(--fail)}.judged .pass{border-color:var(--pass)}
  .judged .unk{border-color:var(--unk)}
  .judged li>span{color:var(--ink2)}
  .cmd{margin:32px 0 0}
  .cmd p{font-size:13px;color:var(--ink2);margin:0 0 6px;max-width:none}
  pre{margin:0;padding:12px 14px;background:var(--panel);border-radius:6px;overflow-x:auto;
  line-height:1.6;tab-size:2}
  .cmd code{user-select:all;-webkit-user-select:all}
  .figs{display:grid;grid-template-columns:repeat(4,1fr);margin:0;
  border-top:1px solid var(--line)}
  .figs div{padding:16px 20px 16px 0;border-bottom:1px solid var(--line)}
  .figs dt{font-size:13px;color:var(--ink2)}
  .figs dd{margin:0}
  .figs .n{font-size:27px;line-height:1.3;font-weight:600;letter-spacing:-.015em;
  white-space:nowrap}
  .figs .n span{font-size:15px;font-weight:400;letter-spacing:0;color:var(--ink2)}
  .figs .n.fail span{color:inherit}
  .figs .s{font-size:13px;line-height:1.45;color:var(--ink3)}
  nav{font-size:13px;padding:16px 0 0}
  nav ol{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0}
  nav a{text-decoration:none;color:var(--ink2);display:inline-block;padding:3px 0}
  nav a:hover{color:var(--accent);text-decoration:underline}
  section{display:grid;grid-template-columns:208px minmax(0,1fr);gap:0 48px;padding:56px 0 0}
  section>header p{font-size:13px;line-height:1.55;color:var(--ink2);margin:8px 0 0}
  section>div{min-width:0}
  section>div>:first-child{margin-top:0}
  .wide>div{grid-column:1/-1}
  figure{margin:0 0 40px}figure[data-series]{margin-bottom:20px}figure:last-child{margin-bottom:0}
  figcaption{font-size:15px;font-weight:600;line-height:1.45;margin:0 0 8px;max-width:70ch;
  text-wrap:pretty}
  .over{display:flex;justify-content:space-between;flex-wrap:wrap;gap:2px 20px;font-size:12.5px;
  line-height:1.5;color:var(--ink2)}
  .axes{margin:0;max-width:none}
  .key{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:0;padding:0}
  .key li{display:inline-flex;align-items:center;gap:6px;white-space:nowrap}
  .key i{width:18px;height:0;border-top:2px solid}.key i.box{height:10px;width:10px;border:0}
  .key i.dash{border-top-style:dashed}.key i.dot{border-top-style:dotted}
  .area{position:relative;margin:24px 8px 28px 56px}
  .area svg{display:block;overflow:visible;pointer-events:none}
  .area text{font:12px var(--sans);fill:var(--ink2);font-variant-numeric:tabular-nums}
  .area text.m{fill:var(--ink)}.area text.b{font-weight:600;fill:var(--ink)}
  .area text.halo{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
  .g{stroke:var(--grid);shape-rendering:crispEdges}.base{
  stroke:var(--ink3);shape-rendering:crispEdges}.tick{
  stroke:var(--ink3);shape-rendering:crispEdges}
  .band{fill:var(--band)}.edge{stroke:var(--bandline);stroke-dasharray:2 3;
  shape-rendering:crispEdges}
  .off{fill:url(#hatch)}.lim{stroke:var(--ink2);stroke-dasharray:5 4;stroke-width:1}
  .ln{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round;
  vector-effect:non-scaling-stroke}
  .ln.a,.key .a{stroke:var(--accent);border-color:var(--accent);background:none}
  .ln.i,.key .i{stroke:var(--ink);border-color:var(--ink)}
  .ln.o,.key .o{stroke:var(--ink3);border-color:var(--ink3)}
  .ln.dash{stroke-dasharray:6 4}.ln.dot{stroke-dasharray:1 3.5;stroke-linecap:butt;
  stroke-width:1.75}.ln.thin{stroke-width:1.1}
  .fillA{fill:var(--accent);fill-opacity:.15}.fillI{fill:var(--ink3);fill-opacity:.5}
  .key i.fillA{background:color-mix(in srgb,var(--accent) 20%,transparent)}
  .key i.fillI{background:color-mix(in srgb,var(--ink3) 56%,transparent)}
  .q1{fill:var(--q1)}.q2{fill:var(--q2)}.q3{fill:var(--q3)}.q4{fill:var(--q4)}
  .q5{fill:var(--q5)}.q6{fill:var(--q6)}
  .heat path{shape-rendering:crispEdges}
  .key .ramp{display:inline-flex;align-items:center;gap:2px 8px;flex-wrap:wrap}
  .ramp span{display:inline-flex}.ramp i{width:18px;height:10px}
  .cur{position:absolute;top:0;bottom:0;width:1px;background:var(--accent);pointer-events:none}
  output{display:block;min-height:1.5em;margin:0 8px 0 56px;font-size:12.5px;line-height:1.5;
  color:var(--ink2)}
  .multi{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:12px 32px;
  margin-bottom:8px}
  .multi figure{margin:0}.multi figcaption{font-size:13px;margin:0}
  .multi .area{margin-bottom:26px;margin-top:22px}
  .pair{display:grid;grid-template-columns:minmax(0,1fr) fit-content(46%);gap:8px 40px;
  align-items:start}
  .scroll{overflow-x:auto;margin:0 0 8px;scrollbar-width:thin;
  background:linear-gradient(90deg,var(--bg) 50%,transparent) 0 0/40px 100% no-repeat local,
  linear-gradient(270deg,var(--bg) 50%,transparent) 100% 0/40px 100% no-repeat local,
  linear-gradient(90deg,var(--band),transparent) 0 0/14px 100% no-repeat scroll,
  linear-gradient(270deg,var(--band),transparent) 100% 0/14px 100% no-repeat scroll}
  table{border-collapse:collapse;width:100%;font-size:13.5px;line-height:1.45}
  caption{text-align:left;font-size:13px;color:var(--ink2);padding:0 0 8px}
  caption span{display:block;position:sticky;left:0;max-width:min(72ch,100vw - 40px)}
  th,td{text-align:left;padding:8px 18px 8px 0;border-bottom:1px solid var(--line);
  vertical-align:top;font-weight:400}
  thead th,thead td{font-size:12.5px;color:var(--ink2);vertical-align:bottom;
  border-bottom-color:var(--ink3);padding-top:0}
  thead .gh th{border-bottom:0;padding-bottom:2px}thead .gh th[colspan]{text-align:right}
  thead .gh th[rowspan]{border-bottom:1px solid var(--ink3)}
  tbody th{color:var(--ink)}.h{min-width:11em}
  th:last-child,td:last-child{padding-right:0}
  .r{text-align:right;white-space:nowrap}.w{white-space:nowrap}
  td small,th small{display:block;font-size:12.5px;color:var(--ink3)}
  tr.bad{background:var(--fail-bg)}
  tr.sum th,tr.sum td{font-weight:600}
  .st{white-space:nowrap;font-weight:600}
  .bar{display:inline-block;vertical-align:middle;width:92px;height:8px;border-radius:2px;
  background:var(--grid);overflow:hidden;margin-right:10px}
  .bar i{display:block;height:100%;background:var(--ink3)}
  .bar i.over{background:var(--fail)}
  .note{font-size:13px;color:var(--ink2);margin:14px 0 0}
  details{margin:16px 0 0}summary{cursor:pointer;font-size:13.5px;color:var(--accent);
  padding:4px 0}
  details[open]>summary{margin-bottom:10px}
  .cards td>span:only-child{display:inline-block}
  .share{display:grid;grid-template-columns:auto minmax(0,1fr) auto;gap:10px 16px;
  align-items:center;font-size:13px;margin:0 0 8px}
  .share .t{display:flex;height:26px;gap:1px}
  .share .t>span{overflow:hidden;white-space:nowrap;font-size:12.5px;line-height:26px;
  padding:0 8px;min-width:0;text-overflow:clip}
  .k1{background:var(--q1);color:#0b1d25}.k2{background:var(--q2);color:#0b1d25}
  .k3{background:var(--q5);color:#fff}.k4{background:var(--q6);color:#fff}
  @media screen and (prefers-color-scheme:dark){.k1,.k2{color:#fff}.k3,.k4{color:#08202b}}
  .wit{border-left:3px solid var(--line);padding:2px 0 2px 24px;margin:0 0 8px}
  .wit.fail{border-color:var(--fail);color:inherit}
  .wit h3{margin:0 0 10px;font-size:16px}.wit figure{margin:28px 0 20px}
  .story{counter-reset:s;list-style:none;margin:0 0 20px;padding:0;max-width:74ch}
  .story li{counter-increment:s;display:grid;grid-template-columns:24px 76px minmax(0,1fr);
  gap:0 10px;padding:5px 0}
  .story li::before{content:counter(s);font-size:12px;font-weight:600;width:20px;height:20px;
  line-height:20px;border-radius:50%;text-align:center;background:var(--panel);margin-top:2px}
  .story li>span{text-wrap:pretty}.story time,.story b{white-space:nowrap}
  .story time{color:var(--ink2)}
  .so{font-weight:600}
  .cls{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px}
  .cls li{min-width:36px;padding:2px 5px;text-align:center;font-size:12px;line-height:18px;
  border:1px solid var(--line);border-radius:4px;color:var(--ink2)}
  .cls .na{border-color:transparent;color:var(--ink3);background:var(--panel);
  text-decoration:line-through}
  .cls .per{border-color:var(--ink2);color:var(--ink);font-weight:600}
  .cls .bad{border-color:var(--fail);background:var(--fail-bg);color:var(--fail);font-weight:600}
  .grp{display:grid;grid-template-columns:176px minmax(0,1fr);gap:10px 16px;font-size:13px;
  align-items:start}
  .grp>span{padding-top:2px;color:var(--ink2)}
  dl.env{display:grid;grid-template-columns:auto minmax(0,1fr);gap:6px 24px;margin:0;
  font-size:13.5px}
  dl.env dt{color:var(--ink2)}dl.env dd{margin:0;overflow-wrap:anywhere}
  footer{margin:72px 0 0;border-top:1px solid var(--line);padding:18px 0 48px;font-size:13px;
  color:var(--ink2)}
  footer p{max-width:none;margin:0}
  .faultkey{display:inline-block;min-width:18px;height:18px;line-height:18px;border-radius:3px;
  background:var(--ink2);color:var(--bg);text-align:center;font-size:12px;font-weight:600;
  padding:0 4px}
  @media (min-width:1001px){section>header{position:sticky;top:24px;align-self:start}}
  @media (max-width:1000px){section{grid-template-columns:1fr}section>header{margin-bottom:20px}
  section>header p{max-width:72ch;font-size:14px}.page{padding:0 28px}}
  @media (max-width:900px){.pair{grid-template-columns:minmax(0,1fr)}}
  @media (max-width:760px){.multi{grid-template-columns:1fr}
  .judged{grid-template-columns:1fr;gap:14px}}
  @media (max-width:620px){.page{padding:0 18px}body{font-size:15px}
  .verdict{padding:32px 0 28px}h1{font-size:24px}.verdict .why{font-size:16px}
  .figs{grid-template-columns:repeat(2,minmax(0,1fr))}.figs div{padding:12px 10px 12px 0}
  .figs .n{font-size:23px}section{padding-top:44px}
  .area{margin-left:48px;margin-right:4px}output{margin-left:0}.x{display:none}
  .wit{padding-left:14px}.story li{grid-template-columns:24px minmax(0,1fr)}
  .story time{grid-column:2}.story li>span{grid-column:2}
  .cards,.cards tbody{display:block}.cards thead{position:absolute;width:1px;height:1px;
  overflow:hidden;clip-path:inset(50%)}
  .cards tbody tr{display:grid;grid-template-columns:1fr auto;gap:2px 12px;padding:10px 0;
  border-bottom:1px solid var(--line)}.cards tr.bad{background:var(--fail-bg);margin:0 -8px;
  padding:10px 8px}
  .cards tbody td,.cards tbody th{padding:0;border:0;background:none!important}
  .cards td:last-child{grid-row:1;grid-column:2}
  .cards td[data-l]{grid-column:1/-1;display:flex;justify-content:space-between;gap:16px;
  text-align:right}.cards td[data-l]::before{content:attr(data-l);color:var(--ink2);
  font-size:12.5px}
  .cards .d{grid-column:1/-1;color:var(--ink2);font-size:13px}.h{min-width:0}
  .scroll tbody th{min-width:7.5em}.tx{min-width:15em}
  .grp{grid-template-columns:1fr;gap:4px}.grp .cls{margin-bottom:10px}
  .share{grid-template-columns:1fr auto;grid-auto-flow:dense;gap:4px 12px}
  .share .t{grid-column:1/-1;margin-bottom:10px}.share .r{grid-column:2}
  dl.env{grid-template-columns:1fr;gap:0}dl.env dd{margin-bottom:8px}}
  @media (max-width:360px){.figs .n span{display:block;line-height:1.2}}
  @page{margin:14mm}
  @media print{:root{color-scheme:light}body{font-size:10.5pt}.page{max-width:none;padding:0}
  nav,.skip,output,.cur{display:none}
  section{display:block;padding-top:24pt}section>header{
  position:static;margin-bottom:8pt;break-after:avoid;break-inside:avoid}
  section>div{break-before:avoid}.multi,.duo{grid-template-columns:1fr 1fr}
  .quad{grid-template-columns:repeat(4,1fr)}.judged{grid-template-columns:repeat(3,1fr)}
  .figs{grid-template-columns:repeat(4,1fr)}tr{break-inside:avoid}
  figure,.figs,.judged,.grp,dl{break-inside:avoid}details table{break-inside:auto}
  h2,h3,figcaption{break-after:avoid}
  .scroll{overflow:visible}pre{white-space:pre-wrap}a{color:inherit;text-decoration:none}
  *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
  details::details-content{content-visibility:visible;block-size:auto}}
  .fillE{fill:var(--accent);fill-opacity:.42}
  .key i.fillE{background:color-mix(in srgb,var(--accent) 48%,transparent)}
  .cls .open{border-color:var(--unk);background:var(--unk-bg);color:var(--unk);font-weight:600}
  body{overflow-wrap:break-word}
  section>header p,figcaption,.judged span,h1,.why,.figs .s{overflow-wrap:anywhere}
  @media (max-width:1000px){section{grid-template-columns:minmax(0,1fr)}}
  @media (max-width:620px){.key li{white-space:normal;overflow-wrap:anywhere}}
  .figs{grid-template-columns:repeat(4,minmax(0,1fr))}
  @media (max-width:1000px){.figs .n{font-size:22px}.figs .n span{font-size:13px}}
  @media (max-width:620px){.figs{grid-template-columns:repeat(2,minmax(0,1fr))}}
  @media print{.scroll.narrow{max-width:none}}
  .scroll.narrow{max-width:520px}
  .figs.small .n{font-size:15px}.wr{white-space:normal}
  """
