"""The words by which a sentence is read: English, German and Spanish together; a star stands for any ending."""

# What carries no meaning of its own.
FUNCTION = """
a an the this that these those it its they them their there we us our ours you your he she his her i my me one who whom
whose which what where when how why and or but so than then also if of in on at to into onto from for with by as about
over under between among through up out off per via is are was were be been being am do does did done have has had
having will would can could may might shall get gets got let lets just very each other another both such same own all
any some every within during while because since until across against around throughout towards along

der die das den dem des ein eine einen einem einer eines dies* jene* es sie er wir uns unser* ihr* euch man ich mein*
sein* wer wen wem wessen welch* was wo wann wie warum und oder aber so als auch wenn dass weil damit von vom in im an
am auf aus zu zum zur für mit durch über unter zwischen bei beim nach bis ist sind war waren wird werden wurde wurden
worden hat haben hatte hatten kann können konnte konnten darf dürfen mag jede* ander* alle* um pro dann da

el la los las lo un una unos unas este esta estos estas ese esa eso esto su sus nos nosotros nuestr* vosotros ellos
ellas él ella yo mi me te se le les quien quienes cual cuales que qué donde dónde cuando cuándo como cómo por porque
para y e o u pero si de del en a al con desde hasta sobre entre es son fue fueron era eran ser estar está están estaba
estaban ha han había habían haber puede pueden podía podían cada otro otra otros otras todo toda todos todas tan más
"""
# What is connected, and what it is connected with.
TECHNOLOGY = """
system* application* app apps software* platform* plattform* plataforma* api apis interface* schnittstelle* interfaz*
interface-* webhook* middleware* esb ipaas cloud* server* servidor* database* datenbank* database-* sql erp* crm* wms
mes tms plm sap oracle salesforce bi etl edi iot ai ki ia tool* werkzeug* herramienta* dashboard* cockpit* tablero*
technolog* technik tecnolog* it tech digital* microservice* legacy stack landscape* landschaft* it-landschaft
systemlandschaft* anwendung* aplicaci* sistema* programa* module* modul*
data daten* dato datos information* información informacion informationen master-data stammdaten
"""
# What is wanted of technology, or would be nice to have.
WISH = """
want* wish* need* like should desire* would hope* aim* goal* vision* plan
wollen will möchte* wünsch* soll sollen sollte* brauch* benötig* streben ziel* hätten gern gerne
querer quer* quiero necesit* deseamos desear desea* gustaría debería* deberían aspir* objetivo*
talk* speak* communicat* connect* integrat* sync* synchron* link* unif* interoperab* exchange* consolidat* harmoni*
sprechen redet reden kommunizier* verbind* verbunden* vernetz* anbind* integrier* austausch* vereinheitlich*
hablen hablar habla* hablan comuni* conect* integra* sincroni* unir intercambi* consolid* armoniz*
automat* digitali* moderni* transform* innovat* innovac* innovier* optimi* streamlin* leverag* enabl* improve*
verbesser* mejor* visibility visibilidad transparen* sichtbarkeit synerg* sinergi* efficien* effizien* eficien*
productiv* produktiv* agil* scalab* skalier* escalab* future* zukunft* futuro
"""
# What could be said of anything.
VAGUE = """
more less better best faster new modern* moderne* nuevo* nueva* good great state-of-the-art end-to-end real-time
real realtime echtzeit 360-degree 360 single central* zentral* seamless* nahtlos* holistic* ganzheitlich*
everyone everybody everything anything people thing* stuff way ways use used using user-friendly
mehr besser* beste* schneller neue* neuer neues gut gute* jeder alles sache* ding* weg art nutzen einheitlich*
mejores rápid* rapid* nuevos nuevas bueno* todos cosa* manera* forma* único* único única
business* company compan* enterprise* organi* process* department* unternehmen* firma* geschäft* prozess* abteilung*
organisation* empresa* negocio* proceso* departamento* solution* lösung* solución soluciones project* projekt*
proyecto* strateg* estrateg* level* access* zugriff* zugang acceso* together zusammen juntos todo
"""
# What goes wrong, is missing, comes too late or has to be done by hand.
TROUBLE = """
not no nobody none never nothing neither nor without cannot can't couldn't didn't don't doesn't wasn't weren't isn't
aren't hardly only too late later delay* wait* slow* old stale outdated yearly once again twice second double duplicate*
repeat* wrong* incorrect* error* mistake* mismatch* differ* disagree* lost lose* losing loss* miss* lack* forgot*
ignor* unknown unseen unnotic* unannounc* unplan* unclear* unpaid unbilled disappear* broke* fail* reject* refus*
return* complain* complaint* claim* dispute* fine fines penalt* cancel* stop* stood still stuck block* queue* backlog*
overbook* oversold sold shortage* guess* hand hands manual* retyp* typed type types copied copy copies copying re-enter*
reenter* rekey* paper* print* fax* mail* email* e-mail* phone* telephon* call calls called spreadsheet* excel* list
lists ask asks asked had must deadline* obligat* days weeks hours months after before blind* cost* waste* search*
nicht kein* niemand nie nichts ohne weder kaum nur erst zu spät* verspät* verzöger* wart* langsam* alt veraltet* wieder
doppelt* zweimal mehrfach* nochmal* falsch* fehl* irrtum irrtüm* abweich* verlor* verlier* verschw* vergess* unbekannt*
unklar* ungeplant* storn* reklam* beschwer* mahn* strafe* frist* muss müssen musste* tage tagen wochen stunden monate*
handarbeit händisch* manuell* abgetippt* abtipp* tippt tippen abgeschrieben papier* gedruckt* ausdruck* telefon* anruf*
ruft rufen fax* tabelle* blind* such* raten rät steht stehen stillstand* engpass* ausverkauft* überverkauft* zurück*
no nadie nunca nada ni sin apenas sólo solo tarde tardan tarda* retras* demor* esper* lent* viej* anticuad* otra vez
dos doble* duplic* repet* equivoc* incorrect* error* erróne* difier* difer* perd* pierd* falta* olvid* desconoc*
ignora* cancel* reclam* quej* devol* multa* plazo* debe deben tuvo tuvieron días dias semanas horas meses mano manual*
teclea* copia* copian papel* imprim* teléfono* llama* hoja hojas excel correo* ciegas parad* agot* atasc* rechaz*
"""
# Who has the problem: people by their work, and who they work for.
PEOPLE = """
customer* client* buyer* purchaser* supplier* vendor* partner* clerk* desk* agent* planner* scheduler* picker* packer*
driver* operator* worker* foreman foremen supervisor* leader* manager* director* controller* accountant* bookkeeper*
guest* passenger* tenant* farmer* surgeon* physician* cook* pupil* parent* resident*
treasurer* auditor* engineer* technician* nurse* doctor* patient* student* teacher* member* citizen* seller*
salesperson* salespeople sales merchandiser* dispatcher* inspector* analyst* staff team* colleague* employee*
production logistics warehouse* finance accounting purchasing procurement service support marketing quality
maintenance controlling payroll hr shift* crew* shop store stores carrier* authorit* bank banks hospital*
nobody someone somebody
kund* einkauf* einkäufer* lieferant* händler* sachbearbeit* disponent* planer* kommissionier* packer* fahrer*
mitarbeit* meister* schicht* leiter* leitung buchhalt* prüfer* ingenieur* techniker* pfleg* arzt* patient* schüler*
lager* vertrieb* verkauf* verkäufer* fertigung* produktion* logistik* finanz* buchhaltung* personal* kundendienst*
versand* werk* filial* spedit* behörde* finanzamt niemand
cliente* comprador* proveedor* vendedor* ventas comercial* agente* planificador* operari* trabajador* empleado*
conductor*
transportista* encargad* jefe* jefa* director* contable* auditor* ingenier* técnic* enfermer* médic* paciente* alumno*
almacén almacen* producción logística finanzas contabilidad compras soporte atención calidad mantenimiento tienda*
hacienda autoridad* banco* nadie
"""
# A text that stands where one is missing.
PLACEHOLDER = """
tbd tba todo tbc na n a unknown none nil null pending open later offen unbekannt folgt keine keins pendiente ninguno
ninguna desconocido x xx xxx
"""
