// Package dashboard is the page in which a browser shows runs: one HTML file, one style sheet, and modules of JavaScript that
// a browser reads as they are. State is the server's; the page only draws. It holds no data and no secret.
//
// Modules, from the ground up:
//
//	format hist       numbers as text, histograms: without the browser's document
//	api stream        asks the server, follows the stream bench.v1; in a report, answers that were recorded
//	series store      what frames and answers of one run add up to
//	dom paint chart   elements, when to draw, charts with a caption and a table
//	delay             how long what is reported takes to the screen
//	rail slo …        parts of screens
//	screens …         one module an address
//	main              addresses, sign-in
//
// [Report] puts the same modules and recorded answers into one file that opens without a server.
package dashboard

import "embed"

// Files are the page's: index.html, its modules and style in page, what others made in vendor.
//
//go:embed index.html page/*.js page/*.css vendor/uplot.js vendor/uplot.css vendor/uplot.LICENSE
var Files embed.FS
