package bench

import "testing"

func TestWarehouseSize(t *testing.T) {
	for name, want := range map[string]string{
		"X-Small": "XSMALL", "xsmall": "XSMALL", "Medium": "MEDIUM", "Large": "LARGE", "X-Large": "XLARGE", "XLARGE": "XLARGE",
		"2X-Large": "2XLARGE", "XXLARGE": "2XLARGE", "X2LARGE": "2XLARGE", "XXXLARGE": "3XLARGE", "X_6_LARGE": "6XLARGE", "huge": "HUGE",
	} {
		if got := WarehouseSize(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
