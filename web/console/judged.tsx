import { useState } from "preact/hooks";
import { formOf, type ApiProblem, type Schemas } from "../api/client";
import { Notice } from "../design";
import { Deed, FileField, KeptPicture, Loading, Section, Table, Trouble } from "./parts";
import { api, ask, asProblem, download, multipart, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
const WORDS: Record<number, "exact" | "similar" | "related" | "wrong"> = {
  3: "exact",
  2: "similar",
  1: "related",
  0: "wrong",
};

/** The judged photos; round: another number when one was judged. */
export function JudgedPhotos({ round }: { round: number }) {
  const judged = useAnswer(`judged ${round}`, () => ask(api.GET("/judged-photos")));
  const [imported, setImported] = useState<Schemas["ImportedModel"] | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const take = async (file: File | null) => {
    if (!file) return;
    setImported(null);
    try {
      setImported(await ask(api.POST("/judged-photos/import", multipart(formOf({ set: file })))));
      setProblem(null);
      judged.again();
    } catch (failure) {
      setProblem(asProblem(failure));
    }
  };
  const photos = judged.data?.photos ?? [];
  return (
    <Section
      title={t("judged.title")}
      extra={
        <Deed
          label={t("judged.export")}
          off={!photos.length}
          work={() => download("/judged-photos/export", "judged.zip")}
        />
      }
    >
      <FileField label={t("judged.import")} accept=".zip" onFile={(file) => void take(file)} />
      <Trouble problem={problem} />
      {imported && (
        <Notice kind={imported.refused.length ? "warn" : "good"} text={t("judged.imported", { count: imported.taken })}>
          {imported.refused.length > 0 && (
            <ul>
              {imported.refused.slice(0, 20).map((one) => (
                <li key={one.line}>
                  {one.line}: {one.photo}: {one.detail} {one.fix}
                </li>
              ))}
            </ul>
          )}
        </Notice>
      )}
      <Trouble problem={judged.problem} again={judged.again} />
      {judged.loading && !judged.data && <Loading />}
      {judged.data && !photos.length && <Notice title={t("judged.none")} text={t("judged.none.fix")} />}
      {photos.length > 0 && (
        <Table
          caption={t("judged.title")}
          rows={photos}
          id={(one) => one.id}
          columns={[
            {
              name: t("judged.photo"),
              cell: (one) => <KeptPicture path={one.photo} alt={one.name || one.id.slice(0, 8)} />,
            },
            { name: t("judged.name"), cell: (one) => one.name || one.id.slice(0, 8) },
            {
              name: t("judged.judgments"),
              cell: (one) => (
                <ul>
                  {one.product && <li>{t("judged.shows", { product: one.product })}</li>}
                  {!one.sold && <li>{t("judged.unsold")}</li>}
                  {Object.entries(one.judgments).map(([product, grade]) => (
                    <li key={product}>
                      {product}: {t(`grade.${WORDS[Math.round(grade)] ?? "wrong"}`)}
                    </li>
                  ))}
                </ul>
              ),
            },
            {
              name: t("generations.do"),
              cell: (one) => (
                <Deed
                  label={t("judged.delete")}
                  kind="danger"
                  confirm={t("judged.delete.ask")}
                  work={() =>
                    ask(api.DELETE("/judged-photos/{judged_id}", { params: { path: { judged_id: one.id } } }))
                  }
                  done={judged.again}
                />
              ),
            },
          ]}
        />
      )}
    </Section>
  );
}
