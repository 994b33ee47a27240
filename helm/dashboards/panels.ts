/**
 * Builds dashboards of what their files say. The classic form of Grafana's JSON is used, since every Grafana loads it from
 * a file or a ConfigMap; the SDK names a newer one that old servers refuse.
 */
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  VariableSort,
  type Dashboard,
  type Panel as GrafanaPanel,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text'
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

interface Query {
  readonly expr: string
  /** How a series is called; `{{label}}` stands for a label. Grafana shows it as text. */
  readonly legend: string
}

/** One panel: a question, and the queries that answer it. */
export interface Panel {
  /** `lines` over time, `numbers` of now, or a `table` of the whole time range. */
  readonly kind: 'lines' | 'numbers' | 'table'
  readonly title: string
  /** The question that the panel answers, and what its answer means. */
  readonly asks: string
  readonly unit: string
  readonly queries: readonly Query[]
  /** Of 24 columns. Default: 12. */
  readonly width?: number
  /** From this value on, a number is red; without it, none is. */
  readonly redFrom?: number
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** One dashboard. */
export interface Board {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
  /** Markdown at the top. It holds no variable, so that nothing that an agent chose is read as markup. */
  readonly help?: string
  /** Whether the reader chooses one agent. */
  readonly byAgent?: boolean
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** Returns the JSON of a dashboard. Its panels are numbered in their order. */
export function dashboard(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags(['moderato'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
  for (const variable of variables(board.byAgent ?? false)) builder.withVariable(variable)
  if (board.help !== undefined)
    builder.withPanel(
      new TextBuilder().title('First').mode(TextMode.Markdown).content(board.help).height(5).span(24),
    )
  for (const { title, panels } of board.rows) {
    builder.withRow(new RowBuilder(title))
    for (const panel of panels) builder.withPanel(panelBuilder(panel))
  }
  const built = builder.build()
  const numbered = (built.panels ?? []).map((panel, index): GrafanaPanel | RowPanel => {
    return { ...panel, id: index + 1 }
  })
  return { ...built, panels: numbered }
}

function variables(byAgent: boolean): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  const query = (name: string, label: string, expression: string) =>
    new QueryVariableBuilder(name)
      .label(label)
      .query(expression)
      .datasource(DATASOURCE)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
  const chosen = [
    new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    // "All" are those that are listed: other jobs have `up` and metrics of processes, too.
    query('job', 'Job', 'label_values(moderato_build_info, job)'),
    query('instance', 'Replica', 'label_values(moderato_build_info{job=~"$job"}, instance)'),
  ]
  if (!byAgent) return chosen
  const agent = query('agent', 'Agent', 'label_values(moderato_agent_requests_total{job=~"$job"}, agent)')
  // Grafana escapes what it puts into a pattern, but quotes not in every version: an id with one is not offered by itself.
  return [...chosen, agent.regex('/^[^"]*$/').allValue('.+').allowCustomValue(false)]
}

function panelBuilder(panel: Panel): LinesBuilder | StatBuilder | TableBuilder {
  const builder = KINDS[panel.kind](panel)
  builder
    .title(panel.title)
    .description(panel.asks)
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .height(panel.kind === 'numbers' ? 4 : 8)
    .span(panel.width ?? 12)
  for (const { expr, legend } of panel.queries) builder.withTarget(query(panel, expr, legend))
  return builder
}

function query({ kind, queries }: Panel, expr: string, legend: string): DataqueryBuilder {
  const builder = new DataqueryBuilder().expr(expr).legendFormat(legend).datasource(DATASOURCE)
  const refId = String.fromCodePoint(65 + queries.findIndex((each) => each.expr === expr))
  builder.refId(refId)
  if (kind === 'lines') return builder.range()
  return kind === 'table' ? builder.instant().format(PromQueryFormat.Table) : builder.instant()
}

const KINDS = {
  lines: () =>
    new LinesBuilder()
      .min(0)
      .fillOpacity(10)
      .legend(
        new VizLegendOptionsBuilder()
          .showLegend(true)
          .displayMode(LegendDisplayMode.List)
          .placement(LegendPlacement.Bottom),
      )
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending)),
  numbers: ({ redFrom }: Panel) => {
    const builder = new StatBuilder()
      .graphMode(BigValueGraphMode.None)
      .colorMode(BigValueColorMode.Value)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    const steps = [{ value: null, color: redFrom === undefined ? 'text' : 'green' }]
    const red = redFrom === undefined ? [] : [{ value: redFrom, color: 'red' }]
    return builder.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps, ...red]),
    )
  },
  table: () =>
    new TableBuilder().withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true } },
    }),
}
