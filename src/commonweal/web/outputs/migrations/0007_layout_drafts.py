from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outputs', '0006_sealed_for_their_row'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='outputorder',
            name='output_order_kind_known',
        ),
        migrations.AlterField(
            model_name='outputorder',
            name='kind',
            field=models.CharField(choices=[('check', 'check'), ('submit', 'submit'), ('vote', 'vote'), ('withdraw', 'withdraw'), ('download', 'download'), ('recall', 'recall'), ('crate', 'crate'), ('layout', 'layout'), ('draft', 'draft')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='outputorder',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('check', 'submit', 'vote', 'withdraw', 'download', 'recall', 'crate', 'layout', 'draft'))), name='output_order_kind_known'),
        ),
    ]
