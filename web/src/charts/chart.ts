// Only this file imports chart.js, and this file is loaded when a chart is first shown. Never pass
// `$state` proxies to a chart, because the chart would change them.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from 'chart.js';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);
export { Chart };
