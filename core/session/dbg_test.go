package session
import ("testing";"pgregory.net/rapid";"fmt";"sort")
var allMarks = map[string]int{}
func TestDbgMarks(t *testing.T){
	for i,tr:=range transports {
	allMarks = map[string]int{}
	n:=noiseLevel{}; if i==1 {n=noiseLevel{loss: 10, duplicate: 10, reorder: 30}}
	rapid.Check(t, func(rt *rapid.T) { w:=crossing(rt, tr, options{}, n); for k,v:=range w.marks {allMarks[k]+=v}; 
		for _,p:=range w.players {allMarks["Zresumed"]+=p.loop.resumed; allMarks["Zrefused"]+=p.loop.refused; allMarks["Zlife"]+=int(p.loop.life)} })
	var ks []string
	for k:=range allMarks {ks=append(ks,k)}
	sort.Strings(ks)
	for _,k:=range ks {fmt.Println(tr.name,k,allMarks[k])}
	}
}
func TestDbgOne(t *testing.T){
	n:=0
	rapid.Check(t, func(rt *rapid.T) { n++; w:=crossing(rt, transports[0], options{}, noiseLevel{});
		if n%40==0 { for _,p:=range w.players { fmt.Println(n, "busy",w.busy,"p",p.index,"life",p.loop.life,"resumed",p.loop.resumed,"failed",p.loop.failed,"ends",p.loop.ends)}; for _,l:=range w.loop.logins {fmt.Printf("   %+v\n",*l)} }
	})
}
