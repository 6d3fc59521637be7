package specs

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parser and the evaluator call themselves for everything that is nested, so depth is bounded before they run.
const (
	maxDepth     = 32   // brackets, blocks and quoted templates within each other
	maxOperators = 1000 // operators and steps in one expression, which nest without brackets: !!!x, a+b+c
	maxControls  = 1000 // %{ } directives, which nest by their ends
)

// nestingFits reports whether the text is fit to be parsed, and says where it is not.
func (l *loader) nestingFits(src []byte, file string, template bool) bool {
	lex := hclsyntax.LexConfig
	if template {
		lex = hclsyntax.LexTemplate
	}
	tokens, _ := lex(src, file, hcl.InitialPos) // what is no token is told by the parser
	depth, operators, controls := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
			operators++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenTemplateInterp:
			depth++
			operators++
		case hclsyntax.TokenTemplateControl:
			depth++
			controls++
		case hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenEqual, hclsyntax.TokenComma:
			operators = 0
		case hclsyntax.TokenIdent, hclsyntax.TokenNewline, hclsyntax.TokenComment, hclsyntax.TokenNumberLit,
			hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			if t.Type == hclsyntax.TokenNumberLit && !numberFits(t.Bytes) {
				l.fail(t.Range, "", "a number is too large or too small")
				return false
			}
		default:
			operators++
		}
		what := ""
		switch {
		case depth > maxDepth:
			what = "brackets and blocks are nested more than 32 deep"
		case operators > maxOperators:
			what = "an expression has more than 1000 operators"
		case controls > maxControls:
			what = "there are more than 1000 %{ } directives"
		default:
			continue
		}
		l.fail(t.Range, "Compute it in steps with locals, or keep the data in a file of its own.", "%s", what)
		return false
	}
	return true
}

// numberFits reports whether a number can be worked with: HCL would take 1e999999999, and write out all of its digits.
func numberFits(text []byte) bool {
	_, exponent, has := strings.Cut(strings.ToLower(string(text)), "e")
	n, err := strconv.Atoi(exponent)
	return len(text) < 400 && (!has || err == nil && n > -300 && n < 300)
}
