import time
from baton.signals import resolve, versions
from baton.warehouse.connect import connect
def test_bench(settings, make_run, ask):
    run = make_run("signals","list_refresh")
    N=1_000_000
    with connect(settings.database_url) as conn:
        t=time.time()
        conn.execute("insert into landing.account (source,natural_key,content_hash,run_id,name,domain,industry,employees,country) select 'x','a'||i,md5(i::text),%s,'Name '||i,'d'||i||'.example','Ind',i%%1000,'DE' from generate_series(1,%s) i",(run.id,N//5))
        conn.execute("insert into landing.contact (source,natural_key,content_hash,run_id,account_key,email,full_name) select 'x','c'||i,md5(i::text),%s,'a'||(1+i%%(%s::int/5)),'p'||i||'@d'||(1+i%%(%s::int/5))||'.example','N '||i from generate_series(1,%s) i",(run.id,N,N,N))
        print('load',time.time()-t)
    with connect(settings.database_url) as conn:
        t=time.time(); print(resolve.resolve(conn, settings, run.id), time.time()-t)
    with connect(settings.database_url) as conn:
        t=time.time(); print('again', resolve.resolve(conn, settings, run.id), time.time()-t)
