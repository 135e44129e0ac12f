package rpc

import "testing"

// A game's table of 2,000 names, each asked for in turn.
func BenchmarkNumber(b *testing.B) {
	list := many(2000)
	table := Build(list)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := table.Number(list[i]); !ok {
			b.Fatal(list[i])
		}
		if i++; i == len(list) {
			i = 0
		}
	}
}

func BenchmarkNumberOfAStranger(b *testing.B) {
	table := Build(many(2000))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := table.Number("avatar.none_of_them"); ok {
			b.Fatal("found")
		}
	}
}

func BenchmarkName(b *testing.B) {
	list := many(2000)
	table := Build(list)
	numbers := make([]uint16, len(list))
	for i, name := range list {
		numbers[i], _ = table.Number(name)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := table.Name(numbers[i]); !ok {
			b.Fatal(numbers[i])
		}
		if i++; i == len(numbers) {
			i = 0
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{5, 2000, 8000} {
		text := Build(many(n)).Text()
		b.Run(map[int]string{5: "5", 2000: "2000", 8000: "8000"}[n], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
